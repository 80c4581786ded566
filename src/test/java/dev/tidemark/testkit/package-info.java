/** Real servers, real processes and real records for the tests and the demo. */
package dev.tidemark.testkit;
