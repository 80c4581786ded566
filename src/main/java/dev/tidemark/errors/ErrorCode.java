package dev.tidemark.errors;

/**
 * The stable codes of Tidemark's errors. A code never changes its meaning and is never reused; {@code docs/errors.md} lists each
 * with its cause and its fix.
 */
public enum ErrorCode {
    /** A Kafka setting contradicts what exactly-once needs. */
    CONFLICTING_KAFKA_SETTING("TM-101"),
    /** Two limits contradict each other, such as the pool's size and the number of workers. */
    CONFLICTING_LIMITS("TM-102"),
    /** A setting is missing or invalid. */
    INVALID_SETTING("TM-103"),
    /** A setting of the JDBC driver would hide failed statements. */
    CONFLICTING_JDBC_SETTING("TM-104"),
    /** A library on the class path is older than Tidemark needs. */
    LIBRARY_TOO_OLD("TM-105"),
    /** The database has no offset store under that schema name. */
    SCHEMA_MISSING("TM-201"),
    /** The offset store requires a newer library. */
    SCHEMA_TOO_NEW("TM-202"),
    /** The library requires a newer offset store. */
    SCHEMA_TOO_OLD("TM-203"),
    /** The role lacks a right. */
    RIGHT_MISSING("TM-204"),
    /** The server is read-only. */
    SERVER_READ_ONLY("TM-205"),
    /** The offset store is another one than before, or than the one expected. */
    OTHER_STORE("TM-206"),
    /** The offset table, or a table that a handler writes to, does not survive a crash of the server. */
    TABLE_UNLOGGED("TM-207"),
    /** A pooler handed out a connection that does not know the driver's prepared statements. */
    PREPARED_STATEMENT_CLASH("TM-208"),
    /** The database refuses the connection: the login, or a setting that comes with it. */
    LOGIN_REFUSED("TM-209"),
    /** The server is older than PostgreSQL 14. */
    SERVER_TOO_OLD("TM-210"),
    /** A pooler hands out connections per statement, so that there are no transactions. */
    POOLER_BY_STATEMENT("TM-211"),
    /** The database is unreachable, broke the connection, or cannot serve for now. */
    DATABASE_UNAVAILABLE("TM-212"),
    /** Row level security may hide rows of the offset store from the role. */
    ROWS_HIDDEN("TM-213"),
    /** The stored offsets belong to another Kafka cluster. */
    OTHER_CLUSTER("TM-301"),
    /** The stored offsets belong to another topic of the same name. */
    OTHER_TOPIC("TM-302"),
    /** A bound partition has no stored offset. */
    OFFSET_ROW_MISSING("TM-303"),
    /** The stored offset is below the start of the log. */
    OFFSET_BELOW_LOG("TM-304"),
    /** The stored offset is beyond the end of the log. */
    OFFSET_BEYOND_LOG("TM-305"),
    /** The log was truncated below the stored offset. */
    LOG_TRUNCATED("TM-306"),
    /** The topic does not exist. */
    TOPIC_MISSING("TM-307"),
    /** Kafka refuses authentication, authorization or the instance id. */
    KAFKA_REFUSES("TM-308"),
    /** The group has no stored offsets, and the start position says to refuse that. */
    NO_START_POSITION("TM-309"),
    /** Kafka is unreachable or does not reply. */
    KAFKA_UNAVAILABLE("TM-310"),
    /** Members of the group that are not Tidemark consumers of this store hold some of its partitions. */
    FOREIGN_MEMBERS("TM-311"),
    /** Records cannot be read yet, because a transaction of a producer that began before them is still open. */
    OPEN_TRANSACTION("TM-312"),
    /** A claimed partition has not moved for a minute and {@code fetch.max.wait.ms}, although its log has more and nothing is known to be waited for. */
    NO_PROGRESS("TM-313"),
    /** The claim on a partition is no longer the current one. */
    FENCED("TM-401"),
    /** The stored offset was moved manually. */
    OFFSET_MOVED("TM-402"),
    /** The stored offset went back with the database: a restore, or a failover to a replica that lagged. */
    OFFSET_RESTORED("TM-403"),
    /** A row of the offset table stays locked, or a whole table of the offset store. */
    ROW_LOCKED("TM-404"),
    /** A unit of work waits inside a statement: for a lock on a table of the handler's, or for another server. */
    UNIT_WAITS("TM-405"),
    /** Two transactions conflicted: a deadlock or a serialization failure. The records are retried in smaller units. */
    CONTENTION("TM-406"),
    /** COMMIT was sent and no reply came; the stored offsets tell whether it took effect. */
    COMMIT_UNKNOWN("TM-407"),
    /** Something else that a handler or deserializer needs, other than the database and Kafka, is unavailable for now. */
    DEPENDENCY_UNAVAILABLE("TM-408"),
    /** The process was suspended during a unit of work, so that its failure shows nothing about the records. */
    PROCESS_SUSPENDED("TM-409"),
    /** The handler ended the transaction or hid a failed statement. */
    TRANSACTION_BROKEN("TM-501"),
    /** The handler failed on a record. */
    HANDLER_FAILED("TM-502"),
    /** A record cannot be decoded. */
    RECORD_UNDECODABLE("TM-503"),
    /** A record seems to kill the process that handles it. */
    RECORD_KILLS("TM-504"),
    /** The failure is not the record's: giving up record by record would empty the topic. */
    NOT_THE_RECORD("TM-505"),
    /** A unit of work ran past its deadline. */
    DEADLINE_PASSED("TM-506"),
    /** Nothing matched the arguments of a command. */
    NOTHING_MATCHED("TM-601"),
    /** The offset store refuses a change. */
    CHANGE_REFUSED("TM-603"),
    /** Something that no other code describes; see the cause. */
    UNEXPECTED("TM-900");

    private final String code;

    ErrorCode(String code) {
        this.code = code;
    }

    /** The code as it is printed, such as {@code TM-101}. */
    public String code() {
        return code;
    }

    @Override
    public String toString() {
        return code;
    }
}
