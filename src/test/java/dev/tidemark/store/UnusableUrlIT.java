package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tidemark.TidemarkSchema;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;

/** A value of the JDBC URL that the driver cannot use is a wrong setting; nobody waits for a server because of it. */
@Tag("exhaustive")
class UnusableUrlIT {
    private static final TestDatabase DATABASE = Servers.flightDatabase(Servers.postgres());

    /** Those name another server, or the way to this one. */
    private static final Set<PGProperty> ELSEWHERE = EnumSet.of(
            PGProperty.PG_HOST,
            PGProperty.PG_PORT,
            PGProperty.PG_DBNAME,
            PGProperty.USER,
            PGProperty.PASSWORD,
            PGProperty.SERVICE,
            PGProperty.LOCAL_SOCKET_ADDRESS);

    static Stream<PGProperty> properties() {
        return Arrays.stream(PGProperty.values()).filter(property -> !ELSEWHERE.contains(property));
    }

    private static PGSimpleDataSource source(String setting) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(DATABASE.reader().jdbcUrl() + "&" + setting);
        return source;
    }

    /** Each property of the driver, also of a later one: it is of no consequence, or refused for what it is. */
    @ParameterizedTest
    @MethodSource("properties")
    void eachPropertyIsRefusedOrWorks(PGProperty property) {
        for (String value : List.of("nonsense", "-7", "1")) {
            Throwable failure = catchThrowable(() ->
                    TidemarkAdmin.of(source(property.getName() + "=" + value)).groups());
            if (failure != null) {
                assertThat(failure)
                        .as(property.getName() + "=" + value)
                        .isInstanceOfSatisfying(
                                TidemarkException.class,
                                e -> assertThat(e.code()).isIn(ErrorCode.INVALID_SETTING, ErrorCode.LOGIN_REFUSED))
                        .hasMessageNotContaining(Canary.PASSWORD.plant());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "targetServerType=primry",
                "sslmode=requird",
                "socketFactory=nosuch",
                "socketFactory=java.lang.String",
                "maxResultBuffer=30",
                "autosave=foo",
                "connectTimeout=10s",
                "stringtype=text",
                "gssEncMode=sometimes",
                "channelBinding=perhaps",
                "protocolVersion=1"
            })
    void consumersAndMigrationsEndWithTheDriversWords(String setting) {
        String value = setting.substring(setting.indexOf('=') + 1);
        TidemarkException consumer = Running.failureToStart(
                Servers.kafka().consumerConfig("nothing", "cooperative"), DATABASE.jdbcUrl() + "&" + setting);
        Throwable migration = catchThrowable(() -> TidemarkSchema.migrate(source(setting)));
        for (Throwable failure : List.of(consumer, migration)) {
            assertThat(failure)
                    .isInstanceOfSatisfying(
                            TidemarkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_SETTING))
                    .message()
                    .containsAnyOf("the JDBC driver cannot use a setting", "maxResultBuffer");
            assertThat(failure).hasMessageNotContaining("unusual").hasMessageNotContaining(Canary.PASSWORD.plant());
            if (!value.startsWith("-")) {
                assertThat(failure).message().containsIgnoringCase(value);
            }
        }
    }

    /** The driver speaks the machine's language. */
    @Test
    void alsoInAnotherLanguage() {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.GERMANY);
        try {
            assertThat(catchThrowable(() ->
                            TidemarkAdmin.of(source("targetServerType=primry")).groups()))
                    .hasMessageStartingWith("TM-103");
        } finally {
            Locale.setDefault(before);
        }
    }

    /** A server that is of another kind than wanted may become one: it is waited for. */
    @Test
    void noServerOfTheKindIsNoWrongSetting() {
        assertThat(catchThrowable(() ->
                        TidemarkAdmin.of(source("targetServerType=secondary")).groups()))
                .hasMessageStartingWith("TM-212");
    }
}
