package dev.tidemark.simulation;

/** A rule of the store's SQL that can be broken, to see that the simulation finds it. */
enum Bug {
    NO_TOKEN_CHECK,
    NO_PREVIOUS_CHECK,
    ROW_COUNT_IGNORED,
    COUNTER_FOR_A_TOKEN,
    CLAIM_BY_PLAIN_SELECT,
    OFFSET_INSTEAD_OF_NEXT,
    ADVANCE_IN_ITS_OWN_TRANSACTION,
    HAND_EDIT_WITHOUT_FENCE,
    CLAIM_IGNORES_BINDING
}
