package dev.tidemark.proof.seeded;

import java.util.List;

/** The bugs, each with the cell that catches it and the checks that do. */
public enum Bug {
    /** Correct: must pass. */
    NONE("F2/cooperative/many", ""),
    /** The advance does not compare the previous offset: after a failover it goes on from where the lost timeline was. */
    NO_PREVIOUS_CHECK("F9/cooperative/many", "C1"),
    /** The advance does not compare the token: a fence has no effect. */
    NO_TOKEN_CHECK("F17/cooperative/many", "C1,C5"),
    /** The token is the claim's number, which other claims have, too. */
    COUNTER_AS_TOKEN("F1/cooperative/many", "C5"),
    /** Whether the advance moved a row is not looked at. */
    ROW_COUNT_IGNORED("F2/cooperative/many", "C1"),
    /** COMMIT is sent together with the advance, before its row count is known. */
    COMMIT_PIPELINED("F2/cooperative/many", "C1"),
    /** The handler commits by itself, and the advance does not notice that it is in another transaction. */
    NO_TRANSACTION_GUARD("F1/cooperative/many", "C1"),
    /** A claim only reads the row, and uses the token that it finds there. */
    CLAIM_BY_SELECT("F1/cooperative/many", "C5"),
    /** {@code auto.offset.reset=earliest}: a gap is passed over silently. */
    RESET_TO_EARLIEST("F13/cooperative/many", "C1"),
    /** What was read under a claim that is lost is written under the next one. */
    STALE_BUFFER("F17/cooperative/many", "C1"),
    /** The last record's offset is stored, not the next one's. */
    OFFSET_OF_LAST("F1/cooperative/many", "C1"),
    /** Effects commit first, the offset in a transaction of its own. */
    TWO_TRANSACTIONS("F1/cooperative/many", "C1"),
    /** Positions that move without records are not stored. */
    NEXT_OFFSETS_IGNORED("F16/cooperative/many", "C6");

    private final String cell;
    private final String caughtBy;

    Bug(String cell, String caughtBy) {
        this.cell = cell;
        this.caughtBy = caughtBy;
    }

    /** The cell that catches it. */
    public String cell() {
        return cell;
    }

    /** The checks one of which finds it; none for a correct consumer. */
    public List<String> caughtBy() {
        return List.of(caughtBy.split(","));
    }
}
