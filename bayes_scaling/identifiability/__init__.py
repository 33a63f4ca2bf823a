"""What the data decided and what the prior did: contraction, power-scaling, the ridge of rates, profile likelihood."""
