"""The end of an installation: disconnect, uninstall, export, erase, certify."""
