"""A PostgreSQL server of one's own, gone without a trace when the benchmark ends."""

import glob
import os
import pathlib
import pwd
import re
import signal
import subprocess
import time

import psycopg2

from process_figures import children

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def installation():
    """The bin folder to use: LOCKKEEPER_POSTGRES_BIN, else the newest of Debian's."""
    named = os.environ.get("LOCKKEEPER_POSTGRES_BIN")
    if named:
        return named
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    if not found:
        raise RuntimeError("no PostgreSQL: install Debian's postgresql, or set LOCKKEEPER_POSTGRES_BIN to a bin folder")
    return os.path.dirname(found[-1])


class ThrowawayPostgres:
    """Reached by a Unix socket in a folder that only its user and root may enter."""

    # Nothing has to survive a crash of the machine, so nothing waits for the disk.
    _SETTINGS = {
        "listen_addresses": "", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
        "shared_buffers": "32MB", "dynamic_shared_memory_type": "mmap", "logging_collector": "off",
        "log_line_prefix": "%u ",
    }

    def __init__(self, folder, **settings):
        self._folder = folder
        self._bin = installation()
        # PostgreSQL refuses to run as root.
        self._identity = {}
        self.path = folder.subfolder("postgres")
        if os.geteuid() == 0:
            entry = pwd.getpwnam("postgres")
            self._identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(self.path, entry.pw_uid, entry.pw_gid)
        self._log = open(os.path.join(folder.path, "postgres.log"), "ab")
        self._run("initdb", "--pgdata", self._data, "--username=postgres", "--auth=trust", "--encoding=UTF8",
                  "--locale=C", "--no-sync")
        with open(os.path.join(self._data, "postgresql.conf"), "a", encoding="utf-8") as file:
            for name, value in {**self._SETTINGS, "unix_socket_directories": self.path, **settings}.items():
                file.write(f"{name} = '{value}'\n")
        self.process = subprocess.Popen(
            [f"{self._bin}/postgres", "-D", self._data], stdin=subprocess.DEVNULL, stdout=self._log,
            stderr=self._log, cwd="/", start_new_session=True, **self._identity)
        folder.guard(self.process.pid)
        self._await_ready()

    @property
    def _data(self):
        return os.path.join(self.path, "data")

    @property
    def version(self):
        text = subprocess.run([f"{self._bin}/postgres", "--version"], capture_output=True, text=True, check=True).stdout
        return re.search(r"\d+(\.\d+)*", text).group()

    def dsn(self, database="postgres", user="postgres"):
        return f"host={self.path} dbname={database} user={user}"

    def connect(self, database="postgres", user="postgres", application_name=""):
        """A session that is in no transaction unless told to be."""
        connection = psycopg2.connect(self.dsn(database, user), application_name=application_name)
        connection.autocommit = True
        return connection

    def execute(self, statement, *arguments, database="postgres", user="postgres"):
        """Executes on a session of its own; the rows, if there are any."""
        connection = self.connect(database, user)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, arguments or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def create_application(self, database):
        """A database owned by an ordinary role of the same name, with a table to migrate."""
        self.execute(f"CREATE ROLE {database} LOGIN")
        self.execute(f"CREATE DATABASE {database} OWNER {database}")
        self.execute("CREATE TABLE orders (id bigint PRIMARY KEY)", database=database, user=database)

    def create_monitoring_role(self, database):
        """By the very script that is shipped."""
        self._run("psql", "--no-psqlrc", "--quiet", "--dbname", self.dsn(database), "--file", "-",
                  input=(REPOSITORY / "deploy/monitoring-role.sql").read_bytes())

    def log_statements(self, user):
        """From its next session on."""
        self.execute(f"ALTER ROLE {user} SET log_statement = 'all'")

    def logged_statements(self, user):
        """How many statements of the user the server has logged."""
        # A statement that was prepared before is logged as `execute NAME: …`.
        pattern = re.compile(rb"^%s LOG:  (statement|execute )" % user.encode(), re.MULTILINE)
        return len(pattern.findall(pathlib.Path(self._log.name).read_bytes()))

    def suspend(self):
        """Stops all of its processes: connections stay open and nothing answers any more, as on a hung machine."""
        # The postmaster first, so that it starts no new process meanwhile.
        os.kill(self.process.pid, signal.SIGSTOP)
        for pid in children(self.process.pid):
            os.kill(pid, signal.SIGSTOP)

    def resume(self):
        for pid in [*children(self.process.pid), self.process.pid]:
            os.kill(pid, signal.SIGCONT)

    def _await_ready(self):
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.connect().close()
            except psycopg2.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    log = pathlib.Path(self._log.name).read_text(encoding="utf-8", errors="replace")
                    raise RuntimeError(f"PostgreSQL does not start:\n{log[-2000:]}") from None
                time.sleep(0.02)

    def _run(self, program, *arguments, input=None):
        done = subprocess.run(
            [f"{self._bin}/{program}", *arguments], input=input, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            cwd="/", start_new_session=True, **self._identity)
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{done.stdout.decode(errors='replace')[-2000:]}")
