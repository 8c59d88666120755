"""Which mails there are about a clock, whether one is still wanted, and what it says."""
