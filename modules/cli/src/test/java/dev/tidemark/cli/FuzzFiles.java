package dev.tidemark.cli;

import dev.tidemark.testkit.Canary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/** Files that people pass to commands, good and bad. Those of settings hold a secret, and each may be passed in place of any other. */
final class FuzzFiles {
    private static final String MARK = "\ufeff";
    private static final String SECRET = Canary.PASSWORD.plant();

    private static final String JOB = "insert into fuzzed select value->>'v' from records";
    private static final String SETTINGS = "default.api.timeout.ms=3000\nrequest.timeout.ms=2000\n";

    private static final Map<String, List<String>> CONTENTS = Map.of(
            "sql",
            List.of(
                    JOB,
                    MARK + JOB + ";",
                    "-- a job\r\n" + JOB + ";\r\n",
                    JOB + "\0",
                    "",
                    " \n\t",
                    MARK,
                    "-- nothing else",
                    "-- comment\n".repeat(20_000) + JOB,
                    "/*".repeat(5_000),
                    "select " + "(".repeat(3_000) + "1" + ")".repeat(3_000) + " from records",
                    "insert into fuzzed select '" + "x".repeat(3_000_000) + "' from records",
                    "select 'unterminated from records",
                    "select $$ from records",
                    "commit; " + JOB,
                    "delete from nowhere using records",
                    "select ? from records",
                    "update fuzzed set v = 'x'",
                    "insert into fuzzed select 1 / (value->>'v')::int from records",
                    "select 1; select \ud83d\ude00 from records",
                    "\"" + "n".repeat(249) + "\"",
                    "copy fuzzed from '/etc/passwd'",
                    "select set_config('role', '" + SECRET + "', true) from records"),
            "properties",
            List.of(
                    SETTINGS,
                    MARK + SETTINGS,
                    SETTINGS.replace("\n", "\r\n"),
                    "",
                    "\0\0\0",
                    SETTINGS + "client.id=\\u00zz\n",
                    SETTINGS + "client.id=" + "x".repeat(1_000_000) + "\n",
                    SETTINGS
                            + "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.jaas.config=org.apache.kafka.common."
                            + "security.plain.PlainLoginModule required username=\"u\" password=\"" + SECRET + "\";\n",
                    SETTINGS + "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-256\nsasl.jaas.config="
                            + SECRET + "\n",
                    SETTINGS
                            + "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config=a.Missing required"
                            + " password=\"" + SECRET + "\";\n",
                    SETTINGS + "security.protocol=SSL\nssl.truststore.location=/nowhere\nssl.truststore.password="
                            + SECRET + "\n",
                    SETTINGS + "security.protocol=SSL\nssl.keystore.type=PEM\nssl.keystore.key=" + SECRET
                            + "\nssl.key.password=" + SECRET + "\n",
                    SETTINGS + "security.protocol=" + "NONSENSE\n",
                    SETTINGS + "max.poll.records=many\n",
                    SETTINGS + "interceptor.classes=a.Missing\nmetric.reporters=" + "b.Missing\n",
                    SETTINGS + "enable.auto.commit=true\n",
                    SETTINGS + "group.protocol=consumer\n",
                    SETTINGS + "group.instance.id=\n",
                    SETTINGS + "partition.assignment.strategy=c.Missing\n",
                    SETTINGS + "isolation.level=any\n",
                    SETTINGS + "request.timeout.ms=-5\n",
                    SETTINGS + "session.timeout.ms=1\n",
                    SETTINGS + "pasword=" + SECRET + "\n= \n:\n#\n!\n",
                    "bootstrap.servers=nonsense\nssl.key.password=" + SECRET + "\n",
                    "password " + SECRET + "\n"),
            "csv",
            List.of(
                    "{topic},0,3\n{topic},1,2\n",
                    MARK + "{topic},0,3\r\n{topic},1,2\r\n",
                    "{group},{topic},0,1\n",
                    "\"{group}\",\"{topic}\",\"0\",\"1\"",
                    "other,{topic},0,1\n",
                    "topic,partition,offset\n{topic},0,1\n",
                    "",
                    "\n\n",
                    MARK,
                    "{topic},0,-1\n",
                    "{topic},-1,0\n",
                    "{topic},7,0\n",
                    "{topic},0,9223372036854775807\n",
                    "{topic},0,9223372036854775808\n",
                    "{topic},0,1\n{topic},0,2\n",
                    "nowhere,0,1\n",
                    "{topic},0,1\0\n",
                    "\"{topic},0,1\n",
                    "\"{topic}\"x,0,1\n",
                    "{topic};0;1\n",
                    "{topic},0,1,2,3\n",
                    "password=" + SECRET + "\n",
                    SECRET + "," + SECRET + ",0,1\n",
                    "\ud83d\ude00,0,1\n",
                    "x".repeat(2_000_000),
                    "{topic},0,1\n".repeat(50_000)));

    private final Path directory;

    /** Writes all of them, of this group and this topic. */
    FuzzFiles(Path directory, String group, String topic) {
        this.directory = directory;
        try {
            Files.createDirectories(directory.resolve("directory"));
            for (var kind : CONTENTS.entrySet()) {
                int n = 0;
                for (String content : kind.getValue()) {
                    Files.writeString(
                            directory.resolve(n++ + "." + kind.getKey()),
                            content.replace("{group}", group).replace("{topic}", topic));
                }
                // No text at all: Latin-1, and what no encoding has.
                Files.write(
                        directory.resolve(n++ + "." + kind.getKey()),
                        "na\u00efve".getBytes(StandardCharsets.ISO_8859_1));
                Files.write(
                        directory.resolve(n + "." + kind.getKey()),
                        new byte[] {(byte) 0xff, (byte) 0xfe, 0, (byte) 0xc3});
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A path that is passed where a file of this kind is expected; usually one of those. */
    String any(String kind, Random random) {
        return switch (random.nextInt(12)) {
            case 0 -> directory.resolve("directory").toString();
            case 1 -> directory.resolve("missing." + kind).toString();
            case 2 -> directory + "/" + FuzzedWords.name(random);
            case 3 -> any(List.copyOf(CONTENTS.keySet()).get(random.nextInt(CONTENTS.size())), random);
            case 4 -> directory.resolve("0." + kind) + "/below";
            default ->
                directory
                        .resolve(random.nextInt(Objects.requireNonNull(CONTENTS.get(kind))
                                                .size()
                                        + 2) + "." + kind)
                        .toString();
        };
    }

    /** One that works. */
    String good(String kind) {
        return directory.resolve("0." + kind).toString();
    }

    /** Where a file may be written that nothing else reads. */
    String written(Random random) {
        return switch (random.nextInt(6)) {
            case 0 -> directory.resolve("directory").toString();
            case 1 -> directory + "/no such directory/x";
            case 2 -> directory + "/" + FuzzedWords.name(random).replace('/', '_') + ".out";
            default -> directory.resolve("written.out").toString();
        };
    }
}
