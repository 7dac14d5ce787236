output "resource_group" {
  description = "Resource group of everything but the nodes."
  value       = azurerm_resource_group.main.name
}

output "cluster" {
  description = "Name of the cluster, for `az aks get-credentials`."
  value       = azurerm_kubernetes_cluster.main.name
}

output "registry" {
  description = "Name of the registry, for `az acr build`."
  value       = azurerm_container_registry.main.name
}

output "vault" {
  description = "Name of the key vault that holds the database's password."
  value       = azurerm_key_vault.main.name
}

output "root_account" {
  description = "Name of the storage account of the shared volume, for `az storage share-rm`."
  value       = azurerm_storage_account.root.name
}

output "log_workspace" {
  description = "Id that `az monitor log-analytics query --workspace` takes."
  value       = azurerm_log_analytics_workspace.main.workspace_id
}

output "values" {
  description = "What the chart must know of Azure; `make aks-up` writes it to k8s/azure.json."
  value = {
    inference = {
      client_id = join("", azurerm_user_assigned_identity.inference[*].client_id)
    }
    azure = {
      store = {
        host = one(module.mysql[*].host) # null: the pod in the namespace `fairsilo`
      }
      root = {
        resource_group = azurerm_resource_group.main.name
        account        = azurerm_storage_account.root.name
        share          = azurerm_storage_share.root.name
        server         = azurerm_storage_account.root.primary_file_host
        endpoint_ip    = azurerm_private_endpoint.root.private_service_connection[0].private_ip_address
        size_gib       = azurerm_storage_share.root.quota
      }
      silos = { for slug, silo in module.silo : slug => silo.values }
    }
  }
}
