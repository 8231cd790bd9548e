"""What `./launch.sh` does: builds or installs, starts, watches and stops the fleet on one machine."""
