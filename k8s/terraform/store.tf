# Azure Database for MySQL, instead of the pod in the namespace `fairsilo`. Untested:
# docs/azure.md says what is known to get in its way.
module "mysql" {
  source = "./modules/mysql"
  count  = var.mysql == "flexible" ? 1 : 0

  name                   = "${var.name}-mysql-${local.unique}"
  location               = azurerm_resource_group.main.location
  resource_group_name    = azurerm_resource_group.main.name
  virtual_network_name   = azurerm_virtual_network.main.name
  virtual_network_id     = azurerm_virtual_network.main.id
  subnet_cidr            = cidrsubnet(var.vnet_cidr, 2, 2)
  admin_password         = var.mysql_admin_password
  admin_password_version = var.mysql_admin_password_version
  tags                   = local.tags
}
