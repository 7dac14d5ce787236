# The volume that every step mounts. NFS knows no password: who reaches the private
# endpoint may read, so only nodes do (network.tf), and a pod only what is mounted for it.
resource "azurerm_storage_account" "root" {
  name                     = "${var.name}root${local.unique}"
  location                 = azurerm_resource_group.main.location
  resource_group_name      = azurerm_resource_group.main.name
  account_kind             = "FileStorage"
  account_tier             = "Premium"
  account_replication_type = var.redundancy
  tags                     = local.tags

  # NFS 4.1 isn't HTTPS: with "secure transfer" on, Azure refuses the mount. What runs
  # between nodes and endpoint stays in the VNet.
  https_traffic_only_enabled       = false
  min_tls_version                  = "TLS1_2"
  shared_access_key_enabled        = false
  default_to_oauth_authentication  = true
  allow_nested_items_to_be_public  = false
  local_user_enabled               = false
  cross_tenant_replication_enabled = false
  public_network_access_enabled    = false

  network_rules {
    default_action = "Deny"
    bypass         = ["None"]
  }

  # A share that was deleted can be had back for this long.
  share_properties {
    retention_policy {
      days = 14
    }
  }
}

resource "azurerm_storage_share" "root" {
  name               = "root"
  storage_account_id = azurerm_storage_account.root.id
  enabled_protocol   = "NFS"
  quota              = var.root_share_gib
}

resource "azurerm_private_endpoint" "root" {
  name                = "${var.name}-root"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  subnet_id           = azurerm_subnet.endpoints.id
  tags                = local.tags

  private_service_connection {
    name                           = "file"
    private_connection_resource_id = azurerm_storage_account.root.id
    subresource_names              = ["file"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "file"
    private_dns_zone_ids = [azurerm_private_dns_zone.storage["file"].id]
  }
}
