"""What is too long for every test run: populations and published figures beside ours."""
