package dev.tidemark.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.io.StringReader;
import java.util.List;
import java.util.Properties;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** docs/install.md, done. Whichever way the schema was made, a consumer can use it and the other ways find nothing to do. */
@Tag("exhaustive")
@Tag("database")
class InstallIT {
    private static final DocPage PAGE = DocPage.of("docs/install.md");

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.postgres().createDatabase();
    private final HikariDataSource pool = database.owner().pool(3);

    @AfterEach
    void close() {
        pool.close();
    }

    private static void byProperties(DataSource dataSource) {
        Properties settings = new Properties();
        try {
            settings.load(new StringReader(PAGE.blocks("properties").get(0)));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        Flyway.configure().configuration(settings).dataSource(dataSource).load().migrate();
    }

    private List<String> history() {
        return database.owner()
                .query("select version, script, checksum, success from tidemark.tidemark_schema_history"
                        + " where version is not null order by installed_rank");
    }

    private List<String> ofThisVersion() {
        TestDatabase other = Servers.postgres().createDatabase();
        try (HikariDataSource otherPool = other.owner().pool(2)) {
            TidemarkSchema.migrate(otherPool);
        }
        return other.owner()
                .query("select version, script, checksum, success from tidemark.tidemark_schema_history"
                        + " where version is not null order by installed_rank");
    }

    private TidemarkBuilder<String, String> builder(String group) {
        return Tidemark.consumer(kafka.consumerConfig(group, "consumer"))
                .deserializers(StringDeserializer::new, StringDeserializer::new)
                .topics(kafka.createTopic(Servers.unique("install"), 1))
                .database(pool)
                .untilEnd();
    }

    private static void assertUsable(TidemarkBuilder<String, String> builder) {
        try (TidemarkConsumer consumer = builder.handle((record, tx) -> {})) {
            consumer.run();
        }
    }

    private void assertInstalledBy(Consumer<DataSource> way) {
        database.owner().execute("create table theirs (a int)");
        way.accept(pool);
        List<String> installed = history();
        assertThat(installed).isEqualTo(ofThisVersion());
        List.<Consumer<DataSource>>of(InstallExamples::migrate, InstallExamples::ownFlyway, InstallIT::byProperties)
                .forEach(again -> again.accept(pool));
        assertThat(history()).isEqualTo(installed);
        assertThat(database.query("select tablename from pg_tables where schemaname = 'public'"))
                .containsExactly("theirs");
        assertUsable(builder("install"));
    }

    @Test
    void byTheApi() {
        assertInstalledBy(InstallExamples::migrate);
    }

    @Test
    void byOnesOwnFlyway() {
        assertInstalledBy(InstallExamples::ownFlyway);
    }

    @Test
    void byFlywaysSettings() {
        assertInstalledBy(InstallIT::byProperties);
    }

    @Test
    void aSchemaMadeForItNeedsNoRightOnTheDatabase() {
        String owner = "owner_" + database.name();
        database.superuser().execute("create role " + owner + " login password '" + Canary.PASSWORD.plant() + "'");
        try (HikariDataSource theirs = database.as(owner).pool(2)) {
            assertThatThrownBy(() -> TidemarkSchema.migrate(theirs)).hasMessageContaining("TM-201");
            database.superuser().execute(PAGE.below("Rights", "sql").get(0).replace("flights_owner", owner));
            TidemarkSchema.migrate(theirs);
            assertUsable(builder("install").database(theirs));
        }
        assertThat(database.query("select distinct tableowner from pg_tables where schemaname = 'tidemark'"))
                .containsExactly(owner);
    }

    @Test
    void thePageShowsWhichVersionThereIs() {
        TidemarkSchema.migrate(pool);
        long newest = database.owner().number("select max(version::int) from tidemark.tidemark_schema_history");
        assertThat(database.owner().query(PAGE.below("Upgrade", "sql").get(0))).containsExactly(newest + "|1");
    }

    @Test
    void severalSchemasLiveSideBySide() {
        TidemarkSchema.migrate(pool);
        TidemarkBuilder<String, String> builder = builder("install");
        InstallExamples.several(pool, builder);
        assertUsable(builder);
        assertThat(database.owner().query("select group_id from berlin_offsets.topic_binding"))
                .containsExactly("install");
        assertThat(database.owner().query("select group_id from tidemark.topic_binding"))
                .isEmpty();
    }
}
