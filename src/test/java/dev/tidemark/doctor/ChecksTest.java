package dev.tidemark.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.doctor.PoolerChecks.Prepared;
import dev.tidemark.doctor.PoolerChecks.Sharing;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The checks that look at the server. */
class ChecksTest {
    private static final Duration DEADLINE = Duration.ofMinutes(5);
    private static final Duration SESSION = Duration.ofSeconds(45);

    /** A server without problems, with these settings changed. */
    private static Settings server(String... namesAndValues) {
        Map<String, Settings.Setting> settings = new HashMap<>();
        put(settings, "server_version", "18.6", null);
        put(settings, "server_version_num", "180006", null);
        put(settings, "transaction_read_only", "off", null);
        put(settings, "fsync", "on", null);
        put(settings, "full_page_writes", "on", null);
        put(settings, "synchronous_commit", "on", null);
        put(settings, "statement_timeout", "0", "ms");
        put(settings, "transaction_timeout", "0", "ms");
        put(settings, "lock_timeout", "0", "ms");
        put(settings, "idle_in_transaction_session_timeout", "0", "ms");
        put(settings, "idle_session_timeout", "0", "ms");
        put(settings, "client_connection_check_interval", "10000", "ms");
        put(settings, "tcp_keepalives_idle", "30", "s");
        put(settings, "tcp_keepalives_interval", "10", "s");
        put(settings, "tcp_keepalives_count", "3", null);
        put(settings, "max_connections", "100", null);
        put(settings, "superuser_reserved_connections", "3", null);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            Settings.Setting before = settings.get(namesAndValues[i]);
            put(settings, namesAndValues[i], namesAndValues[i + 1], before == null ? null : before.unit());
        }
        return new Settings(settings);
    }

    private static void put(Map<String, Settings.Setting> settings, String name, String value, @Nullable String unit) {
        settings.put(name, new Settings.Setting(value, unit));
    }

    static Finding only(List<Finding> findings, Verdict verdict) {
        List<Finding> found =
                findings.stream().filter(f -> f.verdict() == verdict).toList();
        assertThat(found).hasSize(1);
        return found.get(0);
    }

    static void allOk(List<Finding> findings) {
        assertThat(findings).isNotEmpty().allMatch(f -> f.verdict() == Verdict.OK && f.fix() == null);
    }

    private static List<Finding> ofServer(Settings settings) {
        return ServerChecks.judge(settings, false, false, Duration.ZERO);
    }

    private static List<Finding> ofTimeouts(String... settings) {
        return TimeoutChecks.judge(server(settings), DEADLINE, SESSION);
    }

    @Test
    void aServerAsItShouldBe() {
        allOk(ofServer(server()));
        allOk(ofTimeouts());
    }

    @Test
    void aServerThatNothingCanLiveOn() {
        assertThat(only(ofServer(server("server_version", "13.9", "server_version_num", "130009")), Verdict.FAIL)
                        .finding())
                .contains("13.9", "TM-210");
        assertThat(only(ServerChecks.judge(server(), true, false, Duration.ZERO), Verdict.FAIL)
                        .fix())
                .contains("targetServerType=primary");
        assertThat(only(ofServer(server("transaction_read_only", "on")), Verdict.FAIL)
                        .finding())
                .contains("TM-205");
        assertThat(only(ServerChecks.judge(server(), false, true, Duration.ZERO), Verdict.FAIL)
                        .fix())
                .contains("autosave=never");
        assertThat(only(ofServer(server("fsync", "off")), Verdict.FAIL).fix()).contains("fsync = on");
        assertThat(only(ofServer(server("full_page_writes", "off")), Verdict.FAIL)
                        .fix())
                .contains("full_page_writes = on");
        assertThat(only(ofServer(server("synchronous_commit", "off")), Verdict.WARN)
                        .finding())
                .contains("read again");
        allOk(ofServer(server("synchronous_commit", "remote_apply")));
    }

    @Test
    void clocksThatDoNotAgree() {
        assertThat(only(ServerChecks.judge(server(), false, false, Duration.ofMinutes(3)), Verdict.WARN)
                        .finding())
                .contains("3 min ahead");
        assertThat(only(ServerChecks.judge(server(), false, false, Duration.ofHours(-2)), Verdict.WARN)
                        .finding())
                .contains("2 h behind");
    }

    @Test
    void timeoutsThatEndAUnitBeforeItsDeadline() {
        assertThat(only(ofTimeouts("statement_timeout", "60000"), Verdict.WARN).finding())
                .contains("1 min", "5 min");
        assertThat(only(ofTimeouts("statement_timeout", "30000"), Verdict.WARN).finding())
                .contains("30 s", "45 s", "locks of a suspended process");
        assertThat(only(ofTimeouts("transaction_timeout", "30000"), Verdict.WARN)
                        .check())
                .isEqualTo("transaction_timeout");
        allOk(ofTimeouts("statement_timeout", "300000"));
        assertThat(only(ofTimeouts("lock_timeout", "200"), Verdict.WARN).finding())
                .contains("200 ms");
        allOk(ofTimeouts("lock_timeout", "10000", "idle_in_transaction_session_timeout", "60000"));
        assertThat(only(ofTimeouts("idle_session_timeout", "60000"), Verdict.WARN)
                        .fix())
                .contains("maxLifetime");
    }

    @Test
    void processesAndHostsThatVanish() {
        assertThat(only(ofTimeouts("client_connection_check_interval", "0"), Verdict.WARN)
                        .fix())
                .contains("client_connection_check_interval");
        assertThat(only(
                                ofTimeouts(
                                        "tcp_keepalives_idle",
                                        "7200",
                                        "tcp_keepalives_interval",
                                        "75",
                                        "tcp_keepalives_count",
                                        "9"),
                                Verdict.WARN)
                        .finding())
                .contains("2 h 11 min");
        allOk(ofTimeouts("tcp_keepalives_idle", "0", "tcp_keepalives_interval", "0", "tcp_keepalives_count", "0"));
    }

    @Test
    void aServerThatDoesNotKnowASettingYet() {
        Map<String, Settings.Setting> settings = new HashMap<>(server().settings());
        settings.remove("transaction_timeout");
        settings.remove("idle_session_timeout");
        allOk(TimeoutChecks.judge(new Settings(settings), DEADLINE, SESSION));
    }

    @Test
    void poolersByWhatTheyLose() {
        allOk(PoolerChecks.judge(new PoolerChecks.Facts(false, Sharing.NOT_SEEN, Prepared.UNKNOWN, 5)));
        allOk(PoolerChecks.judge(new PoolerChecks.Facts(true, Sharing.SEEN, Prepared.LOST, 0)));
        allOk(PoolerChecks.judge(new PoolerChecks.Facts(true, Sharing.SEEN, Prepared.KEPT, 5)));
        assertThat(only(PoolerChecks.judge(new PoolerChecks.Facts(true, Sharing.SEEN, Prepared.LOST, 5)), Verdict.FAIL)
                        .fix())
                .contains("prepareThreshold=0");
        assertThat(only(
                                PoolerChecks.judge(new PoolerChecks.Facts(true, Sharing.NOT_SEEN, Prepared.UNKNOWN, 5)),
                                Verdict.WARN)
                        .fix())
                .contains("prepareThreshold=0");
    }

    @Test
    void connectionsForWorkers() {
        var free = new ConnectionChecks.Facts(10, -1, -1);
        allOk(ConnectionChecks.judge(server(), free, 4, null));
        allOk(ConnectionChecks.judge(server(), free, 4, 5));
        assertThat(only(ConnectionChecks.judge(server(), free, 4, 4), Verdict.FAIL)
                        .finding())
                .contains("4 workers need 5 connections", "holds 4", "TM-102");
        assertThat(only(ConnectionChecks.judge(server(), free, 97, null), Verdict.FAIL)
                        .finding())
                .contains("allows 97", "needs 98");
        assertThat(only(ConnectionChecks.judge(server(), free, Integer.MAX_VALUE, null), Verdict.FAIL)
                        .finding())
                .contains("needs 2147483648");
        assertThat(only(ConnectionChecks.judge(server(), new ConnectionChecks.Facts(95, -1, -1), 4, null), Verdict.WARN)
                        .finding())
                .contains("95 are open");
        assertThat(only(ConnectionChecks.judge(server(), new ConnectionChecks.Facts(0, 3, -1), 4, null), Verdict.FAIL)
                        .finding())
                .contains("role's connection limit");
        assertThat(only(ConnectionChecks.judge(server(), new ConnectionChecks.Facts(0, -1, 2), 4, null), Verdict.FAIL)
                        .finding())
                .contains("database's connection limit");
    }

    @Test
    void schemasOfOtherVersions() {
        allOk(SchemaChecks.judge("tidemark", new SchemaChecks.Facts(4, 1, "id", List.of()), 4, 1));
        allOk(SchemaChecks.judge("tidemark", new SchemaChecks.Facts(5, 1, "id", List.of()), 4, 1));
        assertThat(only(
                                SchemaChecks.judge("tidemark", new SchemaChecks.Facts(3, 1, "id", List.of()), 4, 1),
                                Verdict.FAIL)
                        .fix())
                .isEqualTo("tidemark migrate");
        assertThat(only(
                                SchemaChecks.judge("tidemark", new SchemaChecks.Facts(9, 2, "id", List.of()), 4, 1),
                                Verdict.FAIL)
                        .finding())
                .contains("TM-202");
        assertThat(only(
                                SchemaChecks.judge(
                                        "tidemark", new SchemaChecks.Facts(4, 1, "id", List.of("t.x")), 4, 1),
                                Verdict.FAIL)
                        .fix())
                .isEqualTo("alter table t.x set logged");
    }

    @Test
    void rolesByWhatTheyMayDo() {
        List<Privilege> all = Privilege.all();
        allOk(RightsChecks.judge("tidemark", new RightsChecks.Facts("o'neil", "owner", all)));
        List<Privilege> reads =
                all.stream().filter(r -> r.kind() == Privilege.Kind.reader).toList();
        List<Finding> reader = RightsChecks.judge("tidemark", new RightsChecks.Facts("o'neil", "owner", reads));
        assertThat(reader).extracting(Finding::verdict).containsExactly(Verdict.OK, Verdict.WARN, Verdict.WARN);
        assertThat(reader.get(1).fix()).isEqualTo("as owner: select tidemark.grant_access('o''neil', 'writer')");
        List<Privilege> operates =
                all.stream().filter(r -> r.kind() != Privilege.Kind.writer).toList();
        allOk(RightsChecks.judge("tidemark", new RightsChecks.Facts("op", "owner", operates)));
        List<Privilege> half = all.stream()
                .filter(r -> r.kind() == Privilege.Kind.reader || r.object().equals("stored_offset"))
                .toList();
        Finding writer = only(RightsChecks.judge("tidemark", new RightsChecks.Facts("w", "owner", half)), Verdict.FAIL);
        assertThat(writer.finding()).contains("EXECUTE on change_id", "TM-204");
        Finding nobody =
                only(RightsChecks.judge("tidemark", new RightsChecks.Facts("n", "owner", List.of())), Verdict.FAIL);
        assertThat(nobody.finding()).contains("USAGE on the schema");
    }

    @Test
    void manyOfAKindAreCounted() {
        List<Finding> many = IntStream.range(0, 25)
                .mapToObj(i -> Finding.warn("s", "c", "finding " + i, "fix"))
                .toList();
        List<Finding> shown = Finding.each(many, Finding.ok("s", "c", "fine"));
        assertThat(shown).hasSize(10);
        assertThat(shown.get(9).finding()).isEqualTo("finding 9; and 15 more like it");
        assertThat(Finding.each(many.subList(0, 10), Finding.ok("s", "c", "fine")))
                .hasSize(10);
        assertThat(Finding.each(List.of(), Finding.ok("s", "c", "fine"))).hasSize(1);
    }

    @Test
    void spansInTwoUnits() {
        assertThat(Durations.words(Duration.ofMillis(7))).isEqualTo("7 ms");
        assertThat(Durations.words(Duration.ofSeconds(90))).isEqualTo("1 min 30 s");
        assertThat(Durations.words(Duration.ofHours(2))).isEqualTo("2 h");
        assertThat(Durations.words(Duration.ofHours(50).plusMinutes(3))).isEqualTo("2 d 2 h");
    }
}
