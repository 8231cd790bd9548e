"""What every service of the fleet carries: mechanism only, never a service's own business."""
