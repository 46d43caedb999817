"""Migrations that begin and end at random, with what is true of them."""

import dataclasses
import threading
import time

import psycopg2

from drizzle_migration import DrizzleMigration

#: How a migration ends, and how often.
_ENDS = {"commits": 6, "rolls back": 2, "fails": 2, "loses its client": 1}


@dataclasses.dataclass
class TrueMigration:
    database: str
    how: str
    #: The server's time of its first statement and of the end of its changes; seconds since the epoch.
    begin: float
    changed: float = 0.0
    end: float = 0.0
    #: What it is called by its row of the history, which has no names; "" if it has none.
    name: str = ""

    def __str__(self):
        return f"the migration {self.name} of {self.database} that {self.how}, from {self.begin:.2f} to {self.end:.2f}"


class MigrationTraffic:
    """One client that migrates one database, again and again."""

    def __init__(self, server, database, generator, pause, length):
        """pause, length: ranges of seconds between migrations and of a transaction."""
        self.done = []
        self.failure = None
        #: Called when a change was sent and when an end was.
        self.notice = lambda: None
        self._server = server
        self._database = database
        self._random = generator
        self._pause = pause
        self._length = length
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        """Returns when the last migration has ended."""
        self._stopping.set()
        self._thread.join(timeout=60)
        if self.failure:
            raise self.failure

    def _run(self):
        number = 0
        try:
            # Its own session: to a migration's session, asking for the time would be a statement of the migration.
            self._clock = self._server.connect()
            while not self._stopping.wait(self._random.uniform(*self._pause)):
                number += 1
                self.done.append(self._migrate(number))
        except Exception as error:  # Told to the thread that stops it.
            self.failure = error

    def _migrate(self, number):
        connection = self._server.connect(self._database, self._database)
        how = self._random.choices(list(_ENDS), list(_ENDS.values()))[0]
        migration = DrizzleMigration(connection, [f"ALTER TABLE orders ADD COLUMN column_{number} integer"])
        truth = TrueMigration(self._database, how, begin=self._server_time())
        try:
            migration.prepare()
            migration.change()
            truth.changed = self._server_time()
            self.notice()
            time.sleep(self._random.uniform(*self._length))
            truth.end = self._server_time()
            if how == "commits":
                migration.commit()
                truth.name = f"#{self._newest_row()}"
            elif how == "rolls back":
                migration.rollback()
            elif how == "fails":
                try:
                    connection.cursor().execute("ALTER TABLE orders ADD COLUMN id integer")
                except psycopg2.errors.DuplicateColumn:
                    migration.rollback()
        finally:
            connection.close()
        self.notice()
        return truth

    def _newest_row(self):
        rows = self._server.execute('SELECT max(id) FROM "drizzle"."__drizzle_migrations"', database=self._database)
        return rows[0][0]

    def _server_time(self):
        with self._clock.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
            return cursor.fetchone()[0]
