"""A migration with the statements that Drizzle's migrator sends."""

import hashlib
import threading
import time


class DrizzleMigration:
    """drizzle-orm 0.x with node-postgres, which leaves the application's name empty; two bookkeeping statements of their
    own, then one transaction for all that is pending."""

    def __init__(self, connection, statements):
        self._connection = connection
        self._statements = statements
        #: time.monotonic() before the first statement is sent, before the first of the transaction's, before COMMIT.
        self.began_at = self.changed_at = self.committed_at = None

    def prepare(self):
        self.began_at = time.monotonic()
        self._execute('CREATE SCHEMA IF NOT EXISTS "drizzle"')
        self._execute('CREATE TABLE IF NOT EXISTS "drizzle"."__drizzle_migrations" '
                      "(id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)")
        self._execute('select id, hash, created_at from "drizzle"."__drizzle_migrations" '
                      "order by created_at desc limit 1")

    def change(self):
        self._execute("BEGIN")
        self.changed_at = time.monotonic()
        for statement in self._statements:
            self._execute(statement)

    def change_in_background(self):
        """For statements that wait for a lock. The thread that waits; `failure` has what went wrong."""
        self.failure = None

        def change():
            try:
                self.change()
            except Exception as error:  # Told to the thread that joins.
                self.failure = error

        thread = threading.Thread(target=change, daemon=True)
        thread.start()
        return thread

    def commit(self):
        milliseconds = int(time.time() * 1000)
        digest = hashlib.sha256(str(milliseconds).encode()).hexdigest()
        self._execute('insert into "drizzle"."__drizzle_migrations" ("hash", "created_at") values (%s, %s)',
                      digest, milliseconds)
        self.committed_at = time.monotonic()
        self._execute("COMMIT")

    def rollback(self):
        self._execute("ROLLBACK")

    def _execute(self, statement, *arguments):
        with self._connection.cursor() as cursor:
            cursor.execute(statement, arguments or None)
