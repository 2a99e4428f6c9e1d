"""Crisis lines and emergency numbers by country, from a file in this folder: no network, no guess where somebody is."""
