package dev.tidemark.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

class PostgresEnvironmentTest {
    private static Map<String, String> environment(String words) {
        Map<String, String> environment = new HashMap<>();
        for (String word : words.split(" ", -1)) {
            environment.put(word.replaceFirst("=.*", ""), word.replaceFirst("[^=]*=", ""));
        }
        return environment;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PGHOST=db PGDATABASE=app | db | 5432 | app",
                "PGHOST=db PGPORT=5433 PGDATABASE=app | db | 5433 | app",
                "PGDATABASE=app | localhost | 5432 | app",
                "PGHOST=db PGUSER=etl | db | 5432 | etl",
                "PGHOST=db PGDATABASE=a/b&c PGPORT= | db | 5432 | a/b&c"
            })
    void theDriverReadsWhatPsqlWould(String words, String host, int port, String database) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(PostgresEnvironment.url(environment(words)).orElseThrow());
        assertThat(source.getServerNames()).containsExactly(host);
        assertThat(source.getPortNumbers()).containsExactly(port);
        assertThat(source.getDatabaseName()).isEqualTo(database);
    }

    @Test
    void severalHostsAndIpv6() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(PostgresEnvironment.url(environment("PGHOST=a,b PGPORT=1,2 PGDATABASE=app"))
                .orElseThrow());
        assertThat(source.getServerNames()).containsExactly("a", "b");
        assertThat(source.getPortNumbers()).containsExactly(1, 2);
        assertThat(PostgresEnvironment.url(environment("PGHOST=::1 PGDATABASE=app")))
                .hasValue("jdbc:postgresql://[::1]:5432/app");
    }

    @ParameterizedTest
    @ValueSource(strings = {"99999", "0", "-1", "abc", "5432,x", "5432.0"})
    void aWrongPortIsNamed(String port) {
        assertThatThrownBy(() -> PostgresEnvironment.url(Map.of("PGHOST", "db", "PGPORT", port)))
                .hasMessage("TM-103: the environment: PGPORT=" + port + " is not a port from 1 to 65535");
    }

    @Test
    void nothingNamesNothing() {
        assertThat(PostgresEnvironment.url(Map.of("PGUSER", "etl", "PGPASSWORD", "x", "PGHOST", "")))
                .isEmpty();
        assertThatThrownBy(() -> PostgresEnvironment.url(Map.of("PGHOST", "/var/run/postgresql")))
                .hasMessageStartingWith("TM-103")
                .hasMessageContaining("Unix");
        assertThat(PostgresEnvironment.url(Map.of("PGSERVICE", "etl prod", "PGHOST", "db")))
                .hasValue("jdbc:postgresql://?service=etl+prod");
    }
}
