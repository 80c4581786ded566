package dev.tidemark.internal.store.schema;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;

/**
 * The migrations as one SQL script, for those who run them without Flyway. The result is what Flyway makes: the version that the schema
 * says it has is set by the migrations themselves, and where a history of Flyway exists, the script adds its rows.
 */
public final class MigrationScript {
    /** The migrations in order: the first is version 1. */
    static final List<String> FILES = List.of(
            "V1__tables.sql",
            "V2__fencing_and_audit.sql",
            "V3__offset_functions.sql",
            "V4__group_functions.sql",
            "V5__views.sql",
            "V6__grants.sql",
            "V7__read_again.sql",
            "V8__reader_without_contents.sql",
            "V9__given_up_in_row.sql",
            "V10__views_at_size.sql");

    private static final String FOLDER = "/dev/tidemark/migrations/postgresql/";

    private MigrationScript() {}

    /**
     * The SQL of all migrations after a version.
     *
     * @param after 0 for a schema that does not exist, or is empty
     * @param history the table in which Flyway records what it has run
     * @throws InvalidConfigurationException if there is no such version (TM-103)
     */
    public static String of(Schema schema, int after, String history) {
        if (after < 0 || after > FILES.size()) {
            throw new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING,
                    "version " + after + " of the schema does not exist: it must be 0 to " + FILES.size(),
                    null);
        }
        StringBuilder script = new StringBuilder();
        script.append(filled(HEAD + (after == 0 ? CREATE : UPGRADE), schema, after));
        for (int version = after + 1; version <= FILES.size(); version++) {
            String file = FILES.get(version - 1);
            String migration = read(file);
            script.append("\n-- ").append(file).append("\n\n");
            script.append(migration.replace("${schema}", schema.name()).stripTrailing())
                    .append('\n');
            if (after > 0) {
                script.append(filled(RECORD, schema, after)
                        .replace("{history}", history)
                        .replace("{version}", Integer.toString(version))
                        .replace("{description}", description(file))
                        .replace("{file}", file)
                        .replace("{checksum}", Integer.toString(checksum(migration))));
            }
        }
        return script.append("\ncommit;\n").toString();
    }

    private static String filled(String template, Schema schema, int after) {
        return schema.sql(template)
                .replace("{from}", Integer.toString(after))
                .replace("{to}", Integer.toString(FILES.size()));
    }

    private static final String HEAD = """
        -- Tidemark: brings the offset store in schema {schema} from version {from} (0: there is none) to version {to}.
        -- Run it as the role that owns the schema, or is to own it, in one transaction. A tool that begins and commits by itself
        -- needs neither the first statement nor the last.

        begin;

        """;

    /** CREATE SCHEMA IF NOT EXISTS would need a right on the database even if the schema exists. */
    private static final String CREATE = """
        do $tidemark$
        begin
            perform pg_advisory_xact_lock(hashtextextended('tidemark schema ' || '{schema}', 0));
            if not exists (select from pg_namespace where nspname = '{schema}') then
                create schema {schema};
            elsif exists (select from pg_class where relnamespace = '{schema}'::regnamespace) then
                raise exception 'schema {schema} is not empty: this script creates a new offset store'
                    using errcode = '55000';
            end if;
        end
        $tidemark$;
        """;

    /** A wrong version would repeat migrations, or leave some out. */
    private static final String UPGRADE = """
        do $tidemark$
        declare
            found integer;
        begin
            perform pg_advisory_xact_lock(hashtextextended('tidemark schema ' || '{schema}', 0));
            select schema_version into found from {schema}.store_info for update;
            if found is distinct from {from} then
                raise exception 'schema {schema} has version %: this script upgrades version {from}', found
                    using errcode = '55000';
            end if;
        end
        $tidemark$;
        """;

    /** So that Flyway, if it has made the schema, does not run the migration again. */
    private static final String RECORD = """

        do $tidemark$
        begin
            if to_regclass('{schema}.{history}') is not null then
                insert into {schema}.{history}
                       (installed_rank, version, description, type, script, checksum, installed_by, execution_time, success)
                select coalesce(max(installed_rank), 0) + 1, '{version}', '{description}', 'SQL', '{file}', {checksum},
                       current_user, 0, true
                  from {schema}.{history};
            end if;
        end
        $tidemark$;
        """;

    private static String read(String file) {
        try (InputStream in = MigrationScript.class.getResourceAsStream(FOLDER + file)) {
            if (in == null) {
                throw new IllegalStateException(FOLDER + file + " is not on the class path");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String description(String file) {
        return file.substring(file.indexOf("__") + 2, file.lastIndexOf('.')).replace('_', ' ');
    }

    /** As Flyway computes it, which compares it with the file at each start: of the lines, without what ends them. */
    private static int checksum(String migration) {
        CRC32 crc = new CRC32();
        try (BufferedReader lines = new BufferedReader(new StringReader(migration))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                crc.update(line.getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return (int) crc.getValue();
    }
}
