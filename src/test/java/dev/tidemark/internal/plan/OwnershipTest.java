package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whether a partition that Kafka assigns elsewhere is read by a consumer of ours. */
class OwnershipTest {
    @ParameterizedTest
    @CsvSource({
        // claimed, fresh, halted; ours
        "true,  true,  false, true",
        "true,  true,  true,  true",
        "true,  false, false, false",
        "true,  false, true,  false",
        "false, false, true,  true",
        "false, true,  false, false",
        "false, false, false, false"
    })
    void onlyAClaimThatIsLookedAfterCounts(boolean claimed, boolean fresh, boolean halted, boolean ours) {
        assertThat(new Ownership(claimed, fresh, halted).isOurs()).isEqualTo(ours);
    }
}
