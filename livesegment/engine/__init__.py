"""The moving parts: queues, threads, the live loop and the annotating loop."""
