import { EMULATOR_CONNECTION } from '../../shared/storage/connection.ts';

/** App settings: what stands under `Values` in local.settings.json, and the environment variables of the app. */
export type Settings = Readonly<Record<string, string>>;

/** `%NAME%` replaced by the app setting NAME, as the host does in the text properties of a binding. */
export function resolveSettings(text: string, settings: Settings, where: string): string {
  return text.replaceAll(/%([^%]+)%/g, (_, name: string) => {
    const value = settings[name];
    if (value === undefined || value === '') {
      throw new Error(
        `${where} needs the app setting ${name}, which is not set. Set it, or take the function out.`,
      );
    }
    return value;
  });
}

/** The setting that the host keeps its own state by. */
export const HOST_STORAGE = 'AzureWebJobsStorage';

/** The connection string behind the `connection` of a binding: the setting of that name, or `AzureWebJobs<name>`. */
export function connectionString(name: string, settings: Settings, where: string): string {
  const value = settings[name] ?? settings[`AzureWebJobs${name}`];
  if (value === undefined || value === '') {
    throw new Error(
      `${where} needs the connection string ${name}, which is not set. Identities work in Azure only.`,
    );
  }
  return value === 'UseDevelopmentStorage=true' ? EMULATOR_CONNECTION : value;
}
