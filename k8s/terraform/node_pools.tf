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

# The trainer asks for it by the setting `kubeflow.gpu`; nothing else lands here.
resource "azurerm_kubernetes_cluster_node_pool" "gpu" {
  count = var.gpu_pool == null ? 0 : 1

  name                        = "gpu"
  kubernetes_cluster_id       = azurerm_kubernetes_cluster.main.id
  vm_size                     = var.gpu_pool.vm_size
  auto_scaling_enabled        = true
  min_count                   = 0
  max_count                   = var.gpu_pool.max_count
  node_taints                 = ["sku=gpu:NoSchedule"]
  node_labels                 = { "fairsilo.io/pool" = "gpu" }
  gpu_driver                  = "Install"
  vnet_subnet_id              = azurerm_subnet.nodes.id
  temporary_name_for_rotation = "gputmp"
  tags                        = local.tags

  upgrade_settings {
    max_surge = "33%"
  }
}
