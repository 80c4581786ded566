/** What operators see and do: functions, pauses, health, listeners, log lines. */
package dev.tidemark.operate;
