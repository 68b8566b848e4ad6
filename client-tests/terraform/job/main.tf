# The provider reads a Job's selector and its pods' labels, which the API server makes.
resource "kubernetes_job" "once" {
  metadata {
    name = "once"
  }
  spec {
    template {
      metadata {}
      spec {
        container {
          name    = "once"
          image   = "busybox"
          command = ["true"]
        }
        restart_policy = "Never"
      }
    }
  }
  wait_for_completion = false
}
