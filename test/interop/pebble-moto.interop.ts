import { describePortableCases } from './portable-cases.ts';
import { describeWith, MOTO_ABILITIES, pebbleAbilities } from './second-opinions.ts';
import { startMoto } from './start-moto.ts';
import { startPebble } from './start-pebble.ts';

describeWith(['Pebble', 'moto'], 'Pebble, which reuses authorizations, and moto', () => {
  describePortableCases(
    { startCa: (options) => startPebble({ ...options, authorizationReuse: 100 }), startAws: startMoto },
    { reusesAuthorizations: true, ...MOTO_ABILITIES, ...pebbleAbilities() },
  );
});
