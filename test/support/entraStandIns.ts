/**
 * Stand-ins for two functions that only a server of Azure has, with the signatures of its documentation: they make the role, and
 * remember whom it stands for. What Azure does besides (checking the object, the label that lets a token in) is not tested.
 */
export const ENTRA_STAND_INS = `
  CREATE TABLE principals (
    rolename text PRIMARY KEY, principal_type text, object_id text, tenant_id text, is_mfa integer, is_admin integer
  );
  CREATE FUNCTION pgaadauth_create_principal_with_oid(
    role_name text, object_id text, object_type text, is_admin boolean, is_mfa boolean
  ) RETURNS text LANGUAGE plpgsql AS $$
  BEGIN
    EXECUTE format('CREATE ROLE %I LOGIN', role_name);
    DELETE FROM principals WHERE rolename = role_name;
    INSERT INTO principals VALUES (role_name, object_type, object_id, 'tenant', is_mfa::integer, is_admin::integer);
    RETURN 'Created role for ' || role_name;
  END $$;
  CREATE FUNCTION pgaadauth_list_principals(is_admin_value boolean)
    RETURNS TABLE (
      rolename text, principaltype text, objectid text, tenantid text, ismfa integer, isadmin integer
    ) LANGUAGE sql AS 'SELECT * FROM principals WHERE is_admin = 1 OR NOT is_admin_value';
`;
