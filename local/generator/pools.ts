import { Faker, de, en, en_US, es, fr, pl, generateMersenne53Randomizer } from '@faker-js/faker';

/** A patient as an export names one; values are not yet escaped. */
type Person = { readonly first: string; readonly last: string };

/** Ready-made, already escaped runs of fields, so that a record is a few concatenations. */
export type Pools = {
  /** Reg id … department: the twelve patient fields, delimiter between them. */
  readonly patients: readonly string[];
  /** Email, SamAccountName, user name, id, last name, first name. */
  readonly employees: readonly string[];
  /** Event name, workstation, section, category. */
  readonly events: readonly string[];
  /** Restricted access reason and comment; most accesses have none. */
  readonly reasons: readonly string[];
};

const EVENTS = [
  ['Patient record accessed', 'Chart Review', 'Access'],
  ['Laboratory results viewed', 'Results', 'Access'],
  ['Medication list printed', 'Medications', 'Print'],
  ['Break the glass', 'Registration', 'Restricted'],
  ['Appointment changed', 'Scheduling', 'Change'],
] as const;

const REASONS = [
  ['Direct patient care', 'Called to the ward\nby the "night team"'],
  ['Quality review', 'Sampled for the quarterly review of accesses, see the list of cases'],
  ['Billing question', ''],
] as const;

/**
 * Pools of fields, the same for the same seed and delimiter.
 *
 * @param escapeField turns a value into a field of the dialect in use
 */
export function makePools(seed: number, delimiter: string, escapeField: (value: string) => string): Pools {
  const faker = new Faker({ locale: [en_US, en], randomizer: generateMersenne53Randomizer(seed) });
  const locales = [de, fr, es, pl].map(
    (locale, index) =>
      new Faker({ locale: [locale, en], randomizer: generateMersenne53Randomizer(seed + 1 + index) }),
  );
  const join = (values: readonly string[]): string => values.map(escapeField).join(delimiter);
  const person = (index: number): Person => {
    const source = index % 4 === 3 ? (locales[(index >> 2) % locales.length] ?? faker) : faker;
    return { first: source.person.firstName(), last: source.person.lastName() };
  };
  const patients = Array.from({ length: 4000 }, (_, index) => {
    const { first, last } = person(index);
    return join([
      `REG-${100000 + index * 7}`,
      first,
      index % 3 === 0 ? faker.person.middleName() : '',
      last,
      faker.location.streetAddress(),
      index % 5 === 0
        ? `${faker.location.secondaryAddress()}, "rear" entrance`
        : `${faker.location.secondaryAddress()}, entrance on ${faker.location.street()}`,
      faker.location.city(),
      faker.location.zipCode(),
      faker.location.state({ abbreviated: true }),
      'USA',
      faker.helpers.arrayElement(['Emergency', 'Cardiology', 'Oncology', 'Maternity, Ward 3', 'Radiology']),
    ]);
  });
  const employees = Array.from({ length: 600 }, (_, index) => {
    const { first, last } = person(index);
    const account = `user${String(index).padStart(4, '0')}`;
    return join([
      `${account}.${faker.string.alpha({ length: 4, casing: 'lower' })}@clinic-${index % 12}.hospital.example`,
      account,
      `${first} ${last}`,
      `E${50000 + index}`,
      last,
      first,
    ]);
  });
  const events = Array.from({ length: 200 }, (_, index) => {
    const [name, section, category] = EVENTS[index % EVENTS.length] ?? EVENTS[0];
    const workstation = `WS-${faker.string.alphanumeric({ length: 8, casing: 'upper' })}.${faker.location.city()}, floor ${index % 9}`;
    return join([name, workstation, `${section}, encounter ${faker.string.uuid()}`, category]);
  });
  const reasons = Array.from({ length: 40 }, (_, index) => {
    const reason = index < 30 ? undefined : REASONS[index % REASONS.length];
    return join(reason ? [...reason] : ['', '']);
  });
  return { patients, employees, events, reasons };
}
