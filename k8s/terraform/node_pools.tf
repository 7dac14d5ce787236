resource "azurerm_kubernetes_cluster_node_pool" "worker" {
  name                        = "worker"
  kubernetes_cluster_id       = azurerm_kubernetes_cluster.main.id
  vm_size                     = var.worker_pool.vm_size
  auto_scaling_enabled        = true
  min_count                   = var.worker_pool.min_count
  max_count                   = var.worker_pool.max_count
  vnet_subnet_id              = azurerm_subnet.nodes.id
  temporary_name_for_rotation = "workertmp"
  tags                        = local.tags

  upgrade_settings {
    max_surge = "33%"
  }
}
