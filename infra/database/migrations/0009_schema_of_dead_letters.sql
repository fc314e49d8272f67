-- Azure Schema Registry's content type names the schema of an Avro payload, which a replay needs to read it (SPEC 2.4, 8).
ALTER TABLE bo.consumer_dlq_events ADD COLUMN schema_id text;
COMMENT ON COLUMN bo.consumer_dlq_events.schema_id IS 'Id of the Avro schema that the content type names; NULL where the payload names it, or is no Avro';
