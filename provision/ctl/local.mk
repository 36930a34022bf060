# provision/ctl
