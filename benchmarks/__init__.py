"""Speed as ratios: deployer, rclone and the raw SDKs side by side in one run."""
