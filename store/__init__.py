"""Tables, the unit of work, migrations, the audit chain, the outbox, the artifact store and the file store."""
