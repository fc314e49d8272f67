# Begins a hook of azd: the settings of what was made, and a database that lets this machine in until the hook ends. azd passes the
# outputs of infra/main.bicep and the variables of its environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export AZURE_TOKEN_CREDENTIALS=AzureCliCredential RESOURCE_GROUP="$AZURE_RESOURCE_GROUP"
set -a; source <(npm run --silent cloud:environment -- --azd); set +a
close() {
  az postgres flexible-server firewall-rule delete --resource-group "$RESOURCE_GROUP" --server-name "$DATABASE_SERVER" --name deploy --yes
}
trap close EXIT
ADDRESS="$(curl --silent --fail https://api.ipify.org)"
az postgres flexible-server firewall-rule create --resource-group "$RESOURCE_GROUP" --server-name "$DATABASE_SERVER" --name deploy --start-ip-address "$ADDRESS" --end-ip-address "$ADDRESS"
