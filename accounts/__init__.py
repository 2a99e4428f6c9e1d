"""Who may: clinics, members, roles, sign-in."""
