"""What the tests of the whole program share: services, a sender, readers, a process wrapper.

Only the standard library and pytest; Kafka is read by kcat, Redis by a few lines of RESP, so
that what they see does not depend on anything hookstream uses.
"""
