package dev.tidemark.testkit.postgres;

/** Who logs in to a database of the tests. Each is a login of the whole server, and none but the first is a superuser. */
public enum DatabaseRole {
    /** For what needs the server itself: to see or end the sessions of all roles, to restart or copy databases. */
    SUPERUSER("postgres"),
    /** Owns each database, migrates the offset store and makes the tables of the effects. */
    OWNER("tidemark_owner"),
    /** Consumers: a writer of the offset store that may write to all tables of the schema {@code public}. */
    WRITER("tidemark_writer"),
    /** A person: an operator of the offset store who may write to all tables of the schema {@code public}. */
    OPERATOR("tidemark_operator"),
    /** A person or a dashboard that reads all of it. */
    READER("tidemark_reader");

    private final String login;

    DatabaseRole(String login) {
        this.login = login;
    }

    /** Its name in the server. */
    public String login() {
        return login;
    }
}
