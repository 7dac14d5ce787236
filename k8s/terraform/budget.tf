# Over two resource groups: AKS keeps nodes, disks and addresses, most of the cost, in
# one of its own, and a budget of a single group would not see them.
resource "azurerm_consumption_budget_subscription" "main" {
  name            = var.name
  subscription_id = "/subscriptions/${var.subscription_id}"
  amount          = var.monthly_budget
  time_grain      = "Monthly"

  time_period {
    start_date = formatdate("YYYY-MM-01'T'00:00:00Z", plantimestamp())
  }

  filter {
    dimension {
      name = "ResourceGroupName"
      values = [
        azurerm_resource_group.main.name,
        azurerm_kubernetes_cluster.main.node_resource_group,
      ]
    }
  }

  notification {
    operator       = "GreaterThan"
    threshold      = 80
    threshold_type = "Actual"
    contact_emails = var.budget_emails
  }

  notification {
    operator       = "GreaterThan"
    threshold      = 100
    threshold_type = "Forecasted"
    contact_emails = var.budget_emails
  }

  # The first month stays the first month.
  lifecycle {
    ignore_changes = [time_period]
  }
}
