package dev.tidemark.cli;

import dev.tidemark.testkit.Canary;
import java.util.List;
import java.util.Random;

/** Values of arguments, as people and scripts type them, and as nobody should. */
final class FuzzedWords {
    private static final String SECRET = Canary.PASSWORD.plant();

    private static final List<String> NAMES = List.of(
            "",
            " ",
            "\t",
            "a b",
            " padded ",
            "o'brien",
            "say \"hi\"",
            "'; drop table tidemark.stored_offset; --",
            "\" or 1=1 --",
            "$$; commit; $$",
            "a\\'b",
            "%s%n%d",
            "${sys:user.home}",
            "${DEFAULT-VALUE}",
            "$1\\",
            "{}",
            "{schema}",
            ":group",
            "?",
            "*",
            ".",
            "..",
            "/",
            "-",
            "--",
            "-5",
            "=",
            "=1+1",
            "a,b",
            "a:0",
            "a:0,1,x",
            ":",
            "@",
            "@nowhere",
            "na\u00efve",
            "\u6f22\u5b57",
            "\ud83d\ude00\ud83d\udc69\u200d\ud83d\udd2c",
            "\u202eevil",
            "\u001b[31mred",
            "e\u0301",
            "\ufeffmark",
            "two\nlines",
            "two\r\nlines",
            "n".repeat(249),
            "n".repeat(250),
            "\ud83d\ude00".repeat(125),
            "n".repeat(70_000),
            "null",
            "NULL",
            "__consumer_offsets",
            "true",
            "0",
            "\ud83d");

    private static final List<String> NUMBERS = List.of(
            "0",
            "1",
            "2",
            "3",
            "100",
            "-1",
            "-0",
            "+1",
            "01",
            " 5 ",
            "1_000",
            "1e3",
            "0x10",
            "1.5",
            "",
            "abc",
            "\u0663",
            "2147483647",
            "2147483648",
            "-2147483648",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "99999999999999999999999");

    private static final List<String> TIMES = List.of(
            "7d",
            "90m",
            "PT1H",
            "1h30m",
            "2026-11-27",
            "2026-11-27 07:00",
            "2026-11-27T07:00:00+01:00",
            "2026-11-27T07:00:00.123Z",
            "1970-01-01",
            "0001-01-01",
            "-5d",
            "0s",
            "now",
            "yesterday",
            "2026-02-30",
            "2026-11-27T25:00",
            "9999-12-31",
            "+999999999-12-31T23:59:59Z",
            "-999999999-01-01T00:00:00Z",
            "P1Y",
            "PT",
            "1000000000000000d",
            "9223372036854775807s",
            "99999999999999999999w",
            "",
            "1764000000000",
            "7 days");

    private static final List<String> SCHEMAS = List.of(
            "public",
            "pg_catalog",
            "pg_temp",
            "information_schema",
            "user",
            "order",
            "Tidemark",
            "TIDEMARK",
            "tidemark ",
            "s".repeat(63),
            "s".repeat(64),
            "nowhere",
            "a.b",
            "\"tidemark\"");

    private static final List<String> SERVERS = List.of(
            "localhost",
            "localhost:",
            "localhost:abc",
            "localhost:99999",
            ":9092",
            ",",
            "localhost:1,localhost:2",
            "PLAINTEXT://localhost:1",
            "[::1]:1",
            "a b:1",
            "u:" + SECRET + "@localhost:1?password=" + SECRET);

    /** Without a database; each names a secret, too. */
    private static final List<String> URLS = List.of(
            "jdbc:postgresql://localhost:1/app?user=u&password=" + SECRET,
            "jdbc:postgresql://localhost:1/app?user=u&PASSWORD=" + SECRET,
            "jdbc:postgresql://localhost:abc/app?password=" + SECRET,
            "jdbc:postgresql://u:" + SECRET + "@localhost:1/app",
            "postgresql://u:" + SECRET + "@localhost:1/app",
            "postgres://u:" + SECRET + "@localhost/app",
            "jdbc:mysql://localhost/app?password=" + SECRET,
            "jdbc:postgresql:?password=" + SECRET,
            "jdbc:postgresql://localhost:1/app?password=" + SECRET + "&%zz",
            "jdbc:postgresql://localhost:1/app?sslmode=nonsense&password=" + SECRET,
            "jdbc:postgresql://localhost:1/app?sslmode=verify-full&sslrootcert=/nowhere&sslpassword=" + SECRET,
            "jdbc:postgresql://localhost:1/app?service=" + SECRET,
            "host=localhost password=" + SECRET,
            "jdbc:postgresql://localhost:1,localhost:2/app?password=" + SECRET);

    /** Behind the URL of a database that is there. */
    private static final List<String> MORE_OF_URL = List.of(
            "&socketTimeout=abc",
            "&socketTimeout=-1",
            "&loginTimeout=x",
            "&prepareThreshold=many",
            "&autosave=always",
            "&autosave=nonsense",
            "&targetServerType=secondary",
            "&options=-c%20statement_timeout=1",
            "&options=-c%20nonsense=1",
            "&readOnly=true",
            "&preferQueryMode=simple",
            "&ApplicationName=" + "%27%22",
            "&currentSchema=nowhere",
            "&sslmode=require",
            "&user=nobody&password=" + SECRET,
            "&password=wrong",
            "&binaryTransfer=maybe",
            "&reWriteBatchedInserts=true",
            "&nonsense=" + SECRET);

    private FuzzedWords() {}

    static <T> T of(List<T> list, Random random) {
        return list.get(random.nextInt(list.size()));
    }

    static String name(Random random) {
        return random.nextInt(8) == 0 ? of(NAMES, random) + of(NAMES, random) : of(NAMES, random);
    }

    static String number(Random random) {
        return of(NUMBERS, random);
    }

    static String time(Random random) {
        return random.nextInt(6) == 0 ? name(random) : of(TIMES, random);
    }

    static String schema(Random random) {
        return random.nextBoolean() ? of(SCHEMAS, random) : name(random);
    }

    static String servers(Random random) {
        return random.nextInt(4) == 0 ? name(random) : of(SERVERS, random);
    }

    /** Of the database with this URL, or of none. */
    static String url(String good, Random random) {
        return switch (random.nextInt(5)) {
            case 0, 1 -> of(URLS, random);
            case 2 -> good.replaceFirst("/[^/?]+\\?", "/no_such_database?");
            case 3 -> name(random);
            default -> good + of(MORE_OF_URL, random);
        };
    }

    /** Of options that no command has, some with a secret. */
    static List<String> unknown(Random random) {
        return of(
                List.of(
                        List.of("--password", SECRET),
                        List.of("--password=" + SECRET),
                        List.of("--pasword=" + SECRET),
                        List.of("-p" + SECRET),
                        List.of("-W", SECRET),
                        List.of("jdbc:postgresql://localhost/app?password=" + SECRET),
                        List.of("postgresql://u:" + SECRET + "@localhost/app"),
                        List.of("--jdbc-ulr", "jdbc:postgresql://u:" + SECRET + "@localhost/app"),
                        List.of("-x"),
                        List.of("--"),
                        List.of("---"),
                        List.of("--=x"),
                        List.of("more", "and", "more")),
                random);
    }
}
