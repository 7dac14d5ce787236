# The identity by which steps and shards score silos' blobs where they lie, off by default.
# Its roles are on single containers (modules/silo/inference.tf), never on an account.
resource "azurerm_user_assigned_identity" "inference" {
  count = var.inference_on_blobs ? 1 : 0

  name                = "${var.name}-inference"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  tags                = local.tags
}

# Steps list inputs and publish; shards score.
resource "azurerm_federated_identity_credential" "inference" {
  for_each = toset(var.inference_on_blobs ? ["fairsilo-runner", "fairsilo-shard"] : [])

  name                      = each.key
  user_assigned_identity_id = azurerm_user_assigned_identity.inference[0].id
  issuer                    = azurerm_kubernetes_cluster.main.oidc_issuer_url
  subject                   = "system:serviceaccount:kubeflow:${each.key}"
  audience                  = ["api://AzureADTokenExchange"]
}
