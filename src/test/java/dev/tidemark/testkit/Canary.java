package dev.tidemark.testkit;

/** What tests plant in passwords and records, and what must turn up in no log. */
public final class Canary {
    /** The password of whoever logs in anywhere. */
    public static final String PASSWORD = "pw-7c1f0be24a9d4e58b3";

    /** In the value of every flight. */
    public static final String VALUE = "value-e94d63a05b7f41c2a8";

    /** In records' keys and headers. */
    public static final String KEY = "key-2b8ae6f1d03c4795e6";

    private Canary() {}
}
