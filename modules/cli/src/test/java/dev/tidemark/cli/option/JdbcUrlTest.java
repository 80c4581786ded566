package dev.tidemark.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.cli.output.CommandException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

class JdbcUrlTest {
    private static final String URL = "jdbc:postgresql://db:5433/app?user=etl";

    private static void assertRefused(String url, Map<String, String> environment, String... words) {
        assertThatThrownBy(() -> JdbcUrl.source(url, environment))
                .isInstanceOf(CommandException.class)
                .hasMessageStartingWith("TM-103")
                .hasMessageContainingAll(words)
                .hasMessageNotContaining("hunter2");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "targetServerType=primry | primary, ",
                "sslmode=requird | verify-full",
                "autosave=foo | conservative",
                "connectTimeout=10s | is not a whole number",
                "loginTimeout= | is not a whole number",
                "defaultRowFetchSize=many | is not a whole number",
                "maxResultBuffer=1 | 100M",
                "maxResultBuffer=lots | 100M",
                "readOnlyMode=perhaps | ignore, transaction, always"
            })
    void aWrongValueIsNamed(String setting, String words) {
        assertRefused(URL + "&password=hunter2&" + setting, Map.of(), "--jdbc-url: " + setting + " is", words);
    }

    @ParameterizedTest
    @CsvSource({
        "db:99999, port 99999 is not a port from 1 to 65535",
        "db:0, port 0 is not",
        "db:-1, port -1 is not",
        "'a:5432,[::1]:99999', port 99999 is not",
        "etl:hunter2, what follows the host is not a port"
    })
    void aWrongPortIsNamed(String server, String words) {
        assertRefused("jdbc:postgresql://" + server + "/app?password=hunter2", Map.of(), "--jdbc-url: " + words);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"etl:hunter2@db:5432/app", "etl@db/app", "etl:hunter2@db", "a:5432,etl:hunter2@db:5432/app"})
    void aUserInFrontOfTheHostIsNamed(String rest) {
        assertRefused("jdbc:postgresql://" + rest, Map.of(), "?user=", "PGPASSWORD");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"password=hunter2%", "password=hunter2%&x=1", "password=hunter2%4", "ApplicationName=100%25%zz"})
    void aPercentSignIsWrittenAsOne(String setting) {
        assertRefused(URL + "&" + setting, Map.of(), "%25");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sslmode=REQUIRE",
                "targetServerType=preferSecondary",
                "loginTimeout=0",
                "prepareThreshold=-1",
                "maxResultBuffer=10p",
                "protocolVersion=3.2",
                "requireAuth=!password,!md5",
                "password=100%25",
                "ApplicationName=what%20ever",
                "localSocketAddress=127.0.0.1",
                "nothingOfTheDrivers=x"
            })
    void whatTheDriverTakesIsTaken(String setting) {
        assertThat(JdbcUrl.source(URL + "&" + setting, Map.of()).getUser()).isEqualTo("etl");
    }

    @Test
    void theVariablesOfLibpqFillWhatTheUrlLeavesOpen() {
        Map<String, String> environment = new HashMap<>(Map.of(
                "PGSSLMODE", "verify-full",
                "PGSSLROOTCERT", "/ca.pem",
                "PGCONNECT_TIMEOUT", "7",
                "PGAPPNAME", "nightly",
                "PGOPTIONS", "-c work_mem=1MB -c role=etl",
                "PGTARGETSESSIONATTRS", "read-write",
                "PGLOADBALANCEHOSTS", "random",
                "PGUSER", "other",
                "PGPASSWORD", "hunter2",
                "PGSSLCERT", ""));
        PGSimpleDataSource source = JdbcUrl.source(URL, environment);
        assertThat(source.getSslmode()).isEqualTo("verify-full");
        assertThat(source.getSslRootCert()).isEqualTo("/ca.pem");
        assertThat(source.getConnectTimeout()).isEqualTo(7);
        assertThat(source.getApplicationName()).isEqualTo("nightly");
        assertThat(source.getOptions()).isEqualTo("-c work_mem=1MB -c role=etl");
        assertThat(source.getTargetServerType()).isEqualTo("primary");
        assertThat(source.getLoadBalanceHosts()).isTrue();
        assertThat(source.getUser()).isEqualTo("etl");
        assertThat(source.getPassword()).isEqualTo("hunter2");
        assertThat(source.getSslCert()).isNull();

        PGSimpleDataSource given = JdbcUrl.source(
                URL + "&sslmode=require&ApplicationName=mine&targetServerType=any&connectTimeout=3", environment);
        assertThat(given.getSslmode()).isEqualTo("require");
        assertThat(given.getApplicationName()).isEqualTo("mine");
        assertThat(given.getTargetServerType()).isEqualTo("any");
        assertThat(given.getConnectTimeout()).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PGSSLMODE | requird | verify-full",
                "PGCONNECT_TIMEOUT | 10s | whole number",
                "PGTARGETSESSIONATTRS | primry | prefer-standby, primary",
                "PGLOADBALANCEHOSTS | yes | disable, random",
                "PGGSSENCMODE | maybe | disable"
            })
    void aWrongVariableIsNamed(String variable, String value, String words) {
        assertRefused(URL, Map.of(variable, value), variable + "=" + value + " is", words);
    }
}
