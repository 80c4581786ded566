package dev.tidemark.testkit;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the test kit plants in passwords and records, and what must turn up in no log; {@code CanaryScan} looks for it. */
public enum Canary {
    /** The password of every login. */
    PASSWORD("pw-7c1f0be24a9d4e58b3"),
    /** In the key of every flight. */
    KEY("key-2b8ae6f1d03c4795e6"),
    /** In the value of every flight. */
    VALUE("value-e94d63a05b7f41c2a8");

    /** Is in the log of every process that planted one, so that a scan of nothing is noticed. */
    public static final String PLANTED = "canary planted: ";

    private static final Logger LOG = LoggerFactory.getLogger(Canary.class);
    private static final Set<Canary> SAID = ConcurrentHashMap.newKeySet();

    private final String text;

    Canary(String text) {
        this.text = text;
    }

    /** The text to plant. */
    public String plant() {
        if (SAID.add(this)) {
            LOG.debug("{}{}", PLANTED, this);
        }
        return text;
    }

    /** Whether it occurs there, in letters or in the hexadecimal digits that PostgreSQL shows bytes in. */
    public boolean isIn(String line) {
        return line.contains(text) || line.contains(HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8)));
    }
}
