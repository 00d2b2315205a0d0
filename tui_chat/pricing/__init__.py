"""What tokens cost: a public price list, and the user's own prices over it. No other room knows its library."""
