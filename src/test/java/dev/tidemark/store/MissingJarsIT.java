package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tidemark.TidemarkSchema;
import dev.tidemark.testkit.JarLoader;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An optional library that is needed and not there is named with its coordinates. */
@Tag("exhaustive")
class MissingJarsIT {
    private final TestDatabase database = Servers.postgres().createDatabase();

    @ParameterizedTest
    @ValueSource(strings = {"flyway-core", "flyway-database-postgresql"})
    void flyway(String artifact) throws Exception {
        List<URL> urls = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (!Path.of(entry).getFileName().toString().startsWith(artifact)) {
                urls.add(Path.of(entry).toUri().toURL());
            }
        }
        try (URLClassLoader loader = JarLoader.of(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            Throwable failure = catchThrowable(() -> migrateIn(loader));
            assertThat(failure).isNotNull();
            assertThat(failure.getClass().getName()).isEqualTo("dev.tidemark.errors.InvalidConfigurationException");
            assertThat(failure)
                    .hasMessageStartingWith("TM-103")
                    .hasMessageContainingAll("org.flywaydb:flyway-core", "org.flywaydb:flyway-database-postgresql");
        }
        assertThat(database.owner().query("select 1 from pg_namespace where nspname = 'tidemark'"))
                .as("nothing was begun")
                .isEmpty();
    }

    private void migrateIn(ClassLoader loader) throws Throwable {
        Object source = loader.loadClass("org.postgresql.ds.PGSimpleDataSource")
                .getDeclaredConstructor()
                .newInstance();
        source.getClass()
                .getMethod("setUrl", String.class)
                .invoke(source, database.owner().jdbcUrl());
        try {
            loader.loadClass(TidemarkSchema.class.getName())
                    .getMethod("migrate", DataSource.class)
                    .invoke(null, source);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
