"""Where scatter comes from: the patient in a few cells, and what they send to the detector."""
