-- Creates the role that Lockkeeper connects with, with the least that it needs. Run it with psql as a superuser (or, on a
-- hosted service, its administrator), once in each database to be watched; running it again changes nothing.
--
--     psql -d app -f deploy/monitoring-role.sql
--     psql -d app -v role=watcher -v history=no -f deploy/monitoring-role.sql
--
-- role     its name (lockkeeper)
-- history  whether it may read the migration tools' history tables (yes): their names and times of migrations, and no other
--          table. Without them runs are still seen, but not named. Run the script again after a tool's first migration:
--          before it there is no history table.
--
-- Then give it a password with psql's \password, or let it in by peer or certificate in pg_hba.conf.
\set ON_ERROR_STOP on
\if :{?role}
\else
    \set role lockkeeper
\endif
\if :{?history}
\else
    \set history yes
\endif

BEGIN;

SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = :'role') AS absent \gset
\if :absent
    CREATE ROLE :"role" LOGIN;
\endif
-- Ten: for each of two agents three sessions that stay (the third where they elect a leader) and a short one for another
-- database's catalogs, and room for those that a lost network connection leaves behind until the server notices.
ALTER ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 10;

-- All sessions' queries, waits and locks; settings; statistics. It can neither cancel nor terminate anybody.
GRANT pg_monitor TO :"role";

-- The agent sets its own timeouts. These hold even if it did not, and even for a person who uses its password.
ALTER ROLE :"role" SET default_transaction_read_only = on;
ALTER ROLE :"role" SET lock_timeout = '200ms';
ALTER ROLE :"role" SET statement_timeout = '5s';
ALTER ROLE :"role" SET idle_in_transaction_session_timeout = '10s';

SELECT pg_catalog.format('GRANT CONNECT ON DATABASE %I TO %I', pg_catalog.current_database(), :'role') \gexec

\if :history
-- By name, wherever they are; their schemas; and their sequences, whose value tells how far a run has come before it commits.
SELECT pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I', namespace.nspname, :'role'),
       pg_catalog.format('GRANT SELECT ON %I.%I TO %I', namespace.nspname, history.relname, :'role'),
       CASE WHEN sequence.relname IS NOT NULL
            THEN pg_catalog.format('GRANT SELECT ON SEQUENCE %I.%I TO %I', place.nspname, sequence.relname, :'role') END
  FROM pg_catalog.pg_class AS history
  JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = history.relnamespace
  LEFT JOIN pg_catalog.pg_depend AS dependency
         ON dependency.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND dependency.refobjid = history.oid
        AND dependency.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND dependency.deptype IN ('a', 'i')
  LEFT JOIN pg_catalog.pg_class AS sequence ON sequence.oid = dependency.objid AND sequence.relkind = 'S'
  LEFT JOIN pg_catalog.pg_namespace AS place ON place.oid = sequence.relnamespace
 WHERE history.relkind IN ('r', 'p')
   AND (history.relname IN (
           '__drizzle_migrations', '_prisma_migrations', 'flyway_schema_history', 'databasechangelog', 'schema_migrations',
           'django_migrations', 'alembic_version', 'goose_db_version', 'knex_migrations', 'SequelizeMeta', 'pgmigrations',
           '__EFMigrationsHistory', 'atlas_schema_revisions', '__diesel_schema_migrations', '_sqlx_migrations',
           'refinery_schema_history', '_yoyo_migration')
        -- Names that other programs use as well.
        OR (namespace.nspname, history.relname) IN (
           ('public', 'migrations'), ('pgroll', 'migrations'), ('graphile_migrate', 'migrations'), ('sqitch', 'changes')))
\gexec
\endif

COMMIT;

-- What it may now read:
SELECT relation.oid::pg_catalog.regclass AS "history table"
  FROM pg_catalog.pg_class AS relation
  CROSS JOIN LATERAL pg_catalog.aclexplode(relation.relacl) AS privilege
 WHERE relation.relkind IN ('r', 'p') AND privilege.privilege_type = 'SELECT'
   AND privilege.grantee = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = :'role')
 ORDER BY 1;
