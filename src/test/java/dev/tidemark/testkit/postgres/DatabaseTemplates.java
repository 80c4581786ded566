package dev.tidemark.testkit.postgres;

import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Databases to copy, each made once on its server: a copy costs a fraction of a migration. */
final class DatabaseTemplates {
    private static final Map<PostgresServer, Map<String, String>> MADE = new WeakHashMap<>();

    private DatabaseTemplates() {}

    /** The database's name. The function fills it the first time that it is asked for; nothing may be connected to it afterwards. */
    static String of(PostgresServer server, String name, Consumer<TestDatabase> fill) {
        return templates(server).computeIfAbsent(name, absent -> {
            TestDatabase template = server.createDatabase(
                    "template_" + name + "_" + ProcessHandle.current().pid());
            fill.accept(template);
            KeptConnections.closeIdle(template.jdbcUrl());
            return template.name();
        });
    }

    private static Map<String, String> templates(PostgresServer server) {
        synchronized (MADE) {
            return MADE.computeIfAbsent(server, unused -> new ConcurrentHashMap<>());
        }
    }
}
