import type { ReportWriter } from '../usecases/blast-radius-report.ts';
import { blastRadiusCsv } from './blast-radius-csv.ts';
import { blastRadiusMarkdown } from './blast-radius-markdown.ts';

export function createReportWriter(): ReportWriter {
  return { markdown: blastRadiusMarkdown, csv: blastRadiusCsv };
}
