"""What `./launch.sh` does: installs, starts, watches and stops the fleet on one machine, without Docker."""
