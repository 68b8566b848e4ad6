data "kubernetes_config_map" "settings" {
  metadata {
    name = "settings"
  }
}

output "a" {
  value = data.kubernetes_config_map.settings.data.a
}
