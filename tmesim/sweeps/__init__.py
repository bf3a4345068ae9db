"""What if: a scenario at many points of what it could say (doses, schedules, numbers, rules on and off, starts), each
on the same seeds, in jobs that go on where they were ended; and what the answer hangs on."""
